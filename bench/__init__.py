"""The benchmark: acc beside its peers, in one run, on this machine. `python -m bench`, or `make bench`.

    options -> run -> ground (directories, processes, certificate)
                   -> system (acc itself), peers (nc, ssh, socat, HAProxy)
                   -> rounds (first byte, bulk, round trips, ssh), accepts, idle
                   -> samples -> goals, tables, plot -> results/

Rule: only ratios count, because machines differ by a factor of two and other work runs beside. So whatever is
compared is measured in turns, round by round, and a ratio is taken within a round before the median is.

A benchmark never fails for being slow: the exit status is 1 only where something broke.
"""
