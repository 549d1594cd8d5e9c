// Writes the times of a page, which the server sends in UTC, in the user's time zone, with the date.

{
  const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  const localise = () => {
    for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
      const moment = new Date(time.dateTime);
      time.title = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "full" });
      time.textContent = date.format(moment);
    }
  };

  const begin = () => {
    localise();
    new MutationObserver(localise).observe(document.body, { childList: true, subtree: true }); // before new content is painted
  };

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
}
