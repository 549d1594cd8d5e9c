"""Any environment that is registered with Gymnasium, stepped in processes of their own."""
