"""The workers' side: certificates, the gRPC link, what workers report, and each connection that they ask for.

Rule: a worker is believed about itself and its own connections, and about nothing else.
"""
