"""Fetch pages with aiohttp and do nothing with them; started by ``compare.py`` in an environment of its own."""

import asyncio

import aiohttp
from work import Work, work


async def fetch(session: aiohttp.ClientSession, urls, job: Work) -> None:
    for url in urls:
        async with session.get(url) as response:
            job.note(url, await response.read())


async def main(job: Work) -> None:
    connector = aiohttp.TCPConnector(limit=job.sessions)
    job.start()
    async with aiohttp.ClientSession(connector=connector) as session:
        urls = iter(job.urls)
        await asyncio.gather(*(fetch(session, urls, job) for _ in range(job.sessions)))


if __name__ == "__main__":
    job = work()
    asyncio.run(main(job))
    job.finish()
