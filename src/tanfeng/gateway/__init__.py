"""Protocols in: what gateways, files and brokers send becomes readings for the metering room.

``formats`` reads CSV, JSON and Parquet with every problem named; the other modules carry them in.
This room may open sockets; it knows no Django.
"""
