"""Registers: apps that keep records with a workflow; what they share stands here."""
