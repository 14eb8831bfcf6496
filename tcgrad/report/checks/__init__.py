"""The ``check`` report: of one spec, and what every format reads of a run over several."""
