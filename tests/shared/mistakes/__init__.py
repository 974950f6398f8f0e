"""A hundred mistakes, by topic, each with what its message has to say."""

from mistakes import arrays, compiling, graphs, habits, networks, transforms

TOPICS = {
    "arrays": arrays.ROWS,
    "graphs": graphs.ROWS,
    "transforms": transforms.ROWS,
    "compiled functions": compiling.ROWS,
    "networks and training": networks.ROWS,
    "habits from elsewhere": habits.ROWS,
}
