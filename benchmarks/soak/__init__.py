"""All load at once for a while: what it leaves behind in memory, processes, connections and counts."""
