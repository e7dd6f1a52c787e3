"""Which of many saved queries an article matches: search the other way round."""

from searchkit.alerts.matcher import Matcher

__all__ = ["Matcher"]
