"""How the studio's boxes lay out their widgets: rows that wrap, and no bars to scroll them."""

# A box cuts or scrolls what is wider than itself by the margin of a widget, unless told otherwise.
ROW = {
    "display": "flex",
    "flex_flow": "row wrap",
    "width": "100%",
    "margin": "0",
    "overflow": "visible",
}
# A widget that has a row of its own; with a margin it would be wider than the box.
WHOLE_ROW = {"flex": "1 0 100%", "margin": "0", "width": "auto", "min_width": "0"}
