"""Kogge: who has expertise in which topic, and how do we know?"""
