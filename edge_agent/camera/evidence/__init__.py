"""Pictures of what was rejected, kept so that they prove themselves (docs/evidence.md).

* picture: one picture as a file that tells what was seen in it; its SHA-256 is its name.
* waiting: pictures whose verdict is not known yet, in memory.
* store: the pictures that are kept, on disk.
* marks: a picture with what was seen in it drawn, for people.
* keeper: what the camera role runs. It follows the ledger, which says what must be kept.
"""
