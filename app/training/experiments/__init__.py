"""The thesis's tables on anybody's data: plans, folds, cells, tables."""
