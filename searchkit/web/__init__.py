"""An index as a page to look at, and as JSON: what ``searchkit serve`` starts. Needs the extra ``web``.

The page and the API are two skins over one index; both ask only what :class:`searchkit.Index` answers.
"""
