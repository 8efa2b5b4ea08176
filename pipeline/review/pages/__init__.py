"""One module per screen: its routes, nothing that another screen needs."""
