"""What operators declare: teams, agents, calendars, policies; read, checked, and asked."""
