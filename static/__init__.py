"""The page, served as it lies here. A package only so that an installed server finds it."""
