"""Who may do what, and how they show who they are: rights, passphrases, signed links, buttons."""
