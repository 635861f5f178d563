"""One picture in, symbols out: engines, and the ladder that climbs until all is found."""
