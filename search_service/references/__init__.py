"""Labels that are looked for by reference regions: "everything like this"."""
