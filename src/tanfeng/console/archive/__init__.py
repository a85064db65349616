"""Who is meant: places, parks, organisations, official lists and known plants."""
