"""The thesis's visual features and a support vector machine on top of them."""
