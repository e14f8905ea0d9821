"""Run folders from somebody else, damaged in every way, under every verb."""
