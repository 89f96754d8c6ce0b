"""Who is there and when: agents, shifts and rotas, presence, stand-ins."""
