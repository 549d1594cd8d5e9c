// What the charts over the generations share: their options, and the colours of what is around the data.

export function chartOptions({ interaction, onClick, tooltip, y }) {
  return {
    animation: false,
    parsing: false,
    normalized: true,
    maintainAspectRatio: false,
    interaction,
    onClick,
    plugins: { legend: { display: false }, tooltip },
    scales: {
      x: {
        type: "linear", min: 0, ticks: { precision: 0, maxRotation: 0, includeBounds: false },
        title: { display: true, text: "generation" },
      },
      y,
    },
  };
}

// Colours axes, grid and tooltip; the caller updates the chart.
export function paintFrame(chart, colours) {
  for (const scale of Object.values(chart.options.scales)) {
    Object.assign(scale, { grid: { color: colours.line }, border: { color: colours.line } });
    scale.ticks.color = scale.title.color = colours.muted;
  }
  Object.assign(chart.options.plugins.tooltip, {
    backgroundColor: colours.ink, titleColor: colours.surface, bodyColor: colours.surface, padding: 10, cornerRadius: 8,
  });
}
