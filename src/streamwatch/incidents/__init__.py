"""What people handle: alerts fold into incidents, which call, escalate, are silenced, and end."""
