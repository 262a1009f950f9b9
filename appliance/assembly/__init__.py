"""Builds every part from a configuration, runs them, stops them: `node.py` is the map."""

from appliance.assembly.node import Node, running_node
from appliance.assembly.plan import Doors, NodePlan, Pages, StartError

__all__ = ["Doors", "Node", "NodePlan", "Pages", "StartError", "running_node"]
