"""Energy as metered: by scope, in balance, by tariff period, against another period."""
