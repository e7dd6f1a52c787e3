"""What the engine calls: importing it loads all kernels."""

from searchkit.engine.kernels.conjunction import top_all
from searchkit.engine.kernels.disjunction import top_any
from searchkit.engine.kernels.matching import match_all, match_any
from searchkit.engine.kernels.prepare import prepare
from searchkit.engine.kernels.rare import rank
from searchkit.engine.kernels.tally import tally, tally_lists

__all__ = ["match_all", "match_any", "prepare", "rank", "tally", "tally_lists", "top_all", "top_any"]
