"""Content work in processes of their own, beside the thread that does it here.

A :class:`~.pool.ContentPool` has one queue. Its own thread takes pages from it, and so do *feeders*: threads that each
have one worker process, send it pages a few at a time, and wait for what it makes of them. Nothing here knows an event
loop, and the worker loads neither Scrapy nor Twisted.
"""
