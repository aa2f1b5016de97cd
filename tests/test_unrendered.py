"""Which pages are empty until their scripts have run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.content.unrendered import is_unrendered, why_unrendered

EMPTY = {
    "Create React App": """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><title>React App</title>
        <script defer="defer" src="/static/js/main.1.js"></script></head><body>
        <noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div></body></html>""",
    "Vite": """<!doctype html><html><head><title>Vite + React</title>
        <script type="module" crossorigin src="/assets/index-1.js"></script></head><body><div id="root"></div>""",
    "Vite with a navigation of its own": """<body><header><nav><a href="/">Home</a> <a href="/shop">Shop</a>
        <a href="/about">About us</a></nav></header><div id="app"></div><footer>© 2024 Example</footer>
        <script type="module" src="/src/main.ts"></script></body>""",
    "Next.js without a server": """<body><div id="__next"></div><script id="__NEXT_DATA__" type="application/json">
        {"props":{"pageProps":{}},"page":"/","nextExport":true}</script><script src="/_next/static/main.js" defer>
        </script></body>""",
    "Next.js that gave up on the server": """<body><template data-dgst="BAILOUT_TO_CLIENT_SIDE_RENDERING"></template>
        <script src="/_next/static/chunks/main-app.js" async></script><script>self.__next_f.push([1,"x"])</script>""",
    "Nuxt without a server": """<body><div id="__nuxt"><style>.nuxt-loading{}</style>
        <div id="loading" class="nuxt-loading">Loading...</div></div><script>window.__NUXT__={}</script>
        <script type="module" src="/_nuxt/entry.js"></script></body>""",
    "Angular": """<!doctype html><html><head><base href="/"></head><body><app-root></app-root>
        <script src="main.js" type="module"></script></body></html>""",
    "Angular with a splash": """<body><app-root><div class="loader"><img src="/logo.svg">Loading, please wait</div>
        </app-root><script src="main.js" type="module"></script></body>""",
    "AngularJS": """<html ng-app="shop"><body><div ng-view></div><h1>{{ title }}</h1><script src="angular.js"></script>
        <script src="app.js"></script></body></html>""",
    "Vue CLI": """<body><noscript><strong>We're sorry but shop doesn't work properly without JavaScript enabled. Please
        enable it to continue.</strong></noscript><div id="app"></div><script src="/js/app.js"></script></body>""",
    "Quasar": "<body><div id=q-app></div><script type=module src=/assets/index.js></script></body>",
    "SvelteKit fallback": """<body data-sveltekit-preload-data="hover"><div style="display: contents"><script>
        { import("/_app/start.js") }</script></div></body>""",
    "Ember": """<body><script src="/assets/vendor.js"></script><script src="/assets/shop.js"></script>
        <div id="ember-basic-dropdown-wormhole"></div></body>""",
    "Blazor": """<body><div id="app">Loading...</div><div id="blazor-error-ui">An unhandled error has occurred.
        <a href="" class="reload">Reload</a><a class="dismiss">🗙</a></div>
        <script src="_framework/blazor.webassembly.js"></script></body>""",
    "Blazor with a circle": """<body><div id="app"><svg class="loading-progress"><circle r="40%"/></svg>
        <div class="loading-progress-text"></div></div><script src="_framework/blazor.webassembly.js"></script>""",
    "Flutter": """<body><picture id="splash"><img class="center" src="splash/img/light-1x.png" alt=""></picture>
        <script src="flutter_bootstrap.js" async></script></body>""",
    "Meteor": """<html><head><script>__meteor_runtime_config__ = JSON.parse("{}")</script>
        <script src="/packages.js?hash=1"></script></head><body></body></html>""",
    "Polymer": "<body><my-app></my-app><script type=module src=/src/my-app.js></script></body>",
    "Elm": """<body><script src="elm.js"></script><script>Elm.Main.init()</script></body>""",
    "GWT": """<body><iframe hidden src="javascript:''" id="__gwt_historyFrame"></iframe>
        <noscript><div>Your web browser must have JavaScript enabled in order for this application to display
        correctly.</div></noscript><script src="mail/mail.nocache.js"></script></body>""",
    "htmx that loads everything": """<body hx-get="/content" hx-trigger="load"><script src="htmx.min.js"></script>""",
    "only a request": """<body><script src=a.js></script><p>Please turn on JavaScript in your browser.</p>""",
    "a request in German": """<body><noscript>Bitte aktivieren Sie JavaScript, um fortzufahren.</noscript>
        <div id=shell><p>Willkommen</p></div><script src=a.js></script></body>""",
    "a request in the head": """<head><noscript>This site requires JavaScript.</noscript><script src=a.js></script>""",
    "an empty main part": """<body><header><a href=/>Example</a></header><main></main><footer><a href=/i>Imprint</a>
        </footer><script src=app.js></script></body>""",
    "loading": "<body><p>Loading…</p><script src=app.js></script></body>",
    "loading, in Spanish": "<body><p>Cargando…</p><script src=app.js></script></body>",
    "document.write": "<body><script>document.write(unescape('%3Ch1%3Ehi'))</script></body>",
    "onload": "<body onload='start()'><div></div></body>",
    "a script goes on": """<body><script>window.location.href = "/en/home";</script><p>You are being redirected.</p>""",
    "a form that sends itself": """<body><form method=post action=/sso><input type=hidden name=SAMLRequest value=x>
        </form><script>document.forms[0].submit()</script></body>""",
    "a cookie, and again": """<body>One step more<script>document.cookie = "seen=1"; location.reload()</script>""",
    "Cloudflare": """<html><head><title>Just a moment...</title></head><body><div class="main-content"><noscript>
        <span>Enable JavaScript and cookies to continue</span></noscript></div><script>(function(){window._cf_chl_opt
        = {cvId: '3'};var a=document.createElement('script');a.src='/cdn-cgi/challenge-platform/h/b/chl_page'
        })();</script></body></html>""",
    "Anubis": """<head><title>Making sure you're not a bot!</title><script id="anubis_challenge"
        type="application/json">{}</script></head><body><main><h1>Making sure you're not a bot!</h1><p id=status>Loading
        ...</p><details><summary>Why am I seeing this?</summary><p>"""
    + "You are seeing this because. " * 30
    + """</p>
        <script type="module" src="/.within.website/x/cmd/anubis/static/js/main.mjs"></script></details></main>""",
    "a search beside it": "<body><div><input name=q></div><div id=root></div><script src=a.js></script>",
    "three logos": """<body><header><img src=a><img src=b><img src=c></header><div id=root></div>
        <script src=a.js></script>""",
    "a banner": "<body><div id=root></div><div class=cookie-bar>"
    + "We use cookies. " * 20
    + "</div><script src=a.js></script>",
    "hidden words": f"<body><p style='display:none'>{'word ' * 40}</p><div id=root></div><script src=a.js></script>",
    "per cent": "<body><div id=root>0% Loading...</div><script src=a.js></script>",
    "a pixel": "<body><img width=1 height=1 src=x><div></div><script src=a.js></script>",
    "a function that is called": "<body><script>function go() { location.href = '/en' } go()</script>",
    "Sucuri": "<html><title>You are being redirected...</title><script>var s={},u,c,sucuri_cloudproxy_js='';</script>",
}
TEXT = "Documentation that was written on the server, for people and robots that run no scripts. " * 6
COMPLETE = {
    "Docusaurus": f"""<body><noscript>Please enable JavaScript</noscript><div id="__docusaurus"><nav><a href=/>Docs</a>
        </nav><main><h1>Introduction</h1><p>{TEXT}</p></main></div><script src=main.js defer></script></body>""",
    "Gatsby": f"""<body><noscript>This app works best with JavaScript enabled.</noscript><div id="___gatsby"><div
        id="gatsby-focus-wrapper"><h1>Blog</h1><p>{TEXT}</p></div></div><script src=app.js></script></body>""",
    "Next.js from a server": f"""<body><div id="__next"><h1>Post</h1><p>{TEXT}</p></div><script id="__NEXT_DATA__"
        type="application/json">{{}}</script><script src=main.js></script></body>""",
    "Next.js that streams": f"""<body><div id=app><!--$?--><template id="B:0"></template>Loading...<!--/$--></div>
        <div hidden id="S:0"><h1>Post</h1><p>{TEXT}</p></div><script>$RC("B:0","S:0")</script></body>""",
    "htmx": """<body><h1>Contacts</h1><ul hx-get="/contacts" hx-trigger="revealed"><li>Ada Lovelace</li><li>Alan
        Turing</li></ul><script src="htmx.min.js"></script></body>""",
    "Alpine": """<body><div x-data="{open: false}"><button @click="open = true">Expand</button><p x-show="open">
        Content</p></div><script defer src=alpine.js></script></body>""",
    "a short page of React's server": """<body><div id=root><h1>About</h1><p>We are Ada and Alan.</p></div>
        <script src=a.js></script>""",
    "an empty place beside a text": f"<body><p>{TEXT}</p><div id=app></div><script src=comments.js></script></body>",
    "Discourse": f"""<body><section id=main></section><noscript><h1>Topic</h1><p>{TEXT}</p><p>Powered by Discourse,
        best viewed with JavaScript enabled</p></noscript><script src=app.js></script></body>""",
    "not found": """<html><head><title>404</title></head><body><h1>Not Found</h1><p>The requested URL was not found on
        this server.</p><script src=analytics.js></script></body></html>""",
    "a picture": "<body><img src=/photo.jpg><script src=analytics.js></script></body>",
    "a film": "<body><video src=/film.mp4 controls></video><script src=analytics.js></script></body>",
    "a log-in form": """<body><noscript>Please enable JavaScript</noscript><form><label>Name <input name=user></label>
        <input type=password name=pw><button>Log in</button></form><script src=a.js></script></body>""",
    "a greeting": """<body><h1>It works!</h1><script async src="https://example.org/gtag.js"></script><script>
        window.dataLayer = []; var page = document.location.href;</script></body>""",
    "nginx": "<body><h1>Welcome to nginx!</h1><p>If you see this page, it works.</p></body>",
    "an empty page": "<html><body></body></html>",
    "an empty page with data": """<body><script type="application/ld+json">{}</script></body>""",
    "about loading": f"<body><h1>Loading images lazily</h1><p>{TEXT}</p><script src=a.js></script></body>",
    "about loading, short": """<body><p>Loading ramps for sale, ten metres long, and delivered to your door
        </p><script src=a.js></script></body>""",
    "about scripts": f"<body><h1>How to enable JavaScript</h1><p>{TEXT}</p><script src=a.js></script></body>",
    "frames": "<frameset cols='20%,80%'><frame src=a><frame src=b></frameset><script src=a.js></script>",
    "a frame": "<body><iframe src=/inner></iframe><script src=a.js></script></body>",
    "a list of links": "<body><div id=app></div>"
    + "<a href=/x>An article of ours</a> " * 150
    + "<script src=a.js></script>",
    "hidden until its script runs": f"<body><div style='display:none'><p>{TEXT}</p></div><script src=a.js></script>",
    "a shadow root": f"""<body><my-app><template shadowrootmode=open><p>{TEXT}</p></template></my-app><script src=a.js>
        </script></body>""",
    "tag manager": """<body><noscript><iframe src="https://www.googletagmanager.com/ns.html"></iframe></noscript><p>Closed
        for holidays.</p><script>(function(w,d,s){d.getElementsByTagName(s)})(window,document,'script')</script>""",
    "a language switch": "<body><p>Welcome.</p><script>function lang(l){location.href='/'+l}</script>",
    "a button": """<body><p>Your order is placed.</p><button id=b>Home</button><script>
        document.getElementById("b").onclick=function(){window.location.href="/home"}</script>""",
    "no frames": "<body><p>Welcome.</p><script>if(top!=self)top.location=self.location</script>",
    "to HTTPS": """<body><h1>Contact</h1><p>Mail me</p><script>if(location.protocol=="http:")
        location.href=location.href.replace("http","https")</script>""",
    "a business": "<body><p>Starting a business</p><script src=a.js></script>",
    "a dock": "<body><p>Loading dock services</p><script src=a.js></script>",
    "a shop": "<body><p>Laden geöffnet</p><script src=a.js></script>",
    "a package": """<body><h1>Requires JavaScript runtime</h1><p>The package requires JavaScript ES6.</p>
        <script src=a.js></script>""",
    "an empty main part beside a text": """<body><main></main><div>Opening hours 9-5, phone 12345.</div>
        <script src=a.js></script>""",
    "an empty main part beside a list": "<body><main></main>"
    + "<li><a href=/x>Link number 1</a>" * 60
    + "<script src=a.js></script>",
    "a captcha": """<body><script>var dd={'rt':'c'}</script><script src="https://ct.captcha-delivery.com/c.js"></script>
        <p id="cmsg">Please solve the puzzle</p></body>""",
}


@pytest.mark.parametrize("name", EMPTY)
def test_pages_that_are_empty_without_their_scripts(name):
    assert why_unrendered(EMPTY[name])


@pytest.mark.parametrize("name", COMPLETE)
def test_pages_that_are_complete_without_their_scripts(name):
    assert why_unrendered(COMPLETE[name]) == ""


@pytest.mark.parametrize("name", EMPTY)
def test_no_page_is_empty_without_scripts_to_fill_it(name):
    page = EMPTY[name].replace("<script", "<i hidden").replace("</script", "</i").replace("onload", "x")
    marked = {"Anubis", "Cloudflare", "Sucuri"}
    assert name in marked or why_unrendered(page) == ""


def test_a_sentence_for_each_reason():
    assert why_unrendered(EMPTY["Cloudflare"]) == "a guard asks for JavaScript"
    assert why_unrendered(EMPTY["Vite"]) == "the place that scripts fill is empty"
    assert why_unrendered(EMPTY["Meteor"]) == "there is nothing to see"
    assert why_unrendered(EMPTY["loading"]) == "it says that it is loading"
    assert why_unrendered(EMPTY["only a request"]) == "it asks for JavaScript"
    assert why_unrendered(EMPTY["a script goes on"]) == "a script goes on to another page"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html; charset=utf-8", True),
        ("", True),
        ("application/xhtml+xml", True),
        ("application/json", False),
        ("application/rss+xml", False),
        ("text/plain", False),
        ("image/svg+xml", False),
        ("application/pdf", False),
    ],
)
def test_only_html_can_be_empty(content_type, expected):
    assert is_unrendered(EMPTY["Vite"].encode(), content_type) is expected


def test_bytes_in_any_encoding():
    assert is_unrendered(EMPTY["Sucuri"].encode("latin-1"), "text/html; charset=latin-1")
    assert is_unrendered(EMPTY["Vite"].encode("utf-16"), "")
    assert not is_unrendered(b"", "text/html")
    assert not is_unrendered(b"\x89PNG\r\n\x1a\n<script>", "")


PIECES = st.sampled_from(
    "<div_id=app> </div> <script> </script> <noscript> </noscript> <template> Loading <main> <p> text_ {{ }} <svg> "
    "<frameset> <table> <!-- location= <form> <input> \0".replace("_", "\n").split(" ")
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_page_has_an_answer(page):
    assert isinstance(why_unrendered(page), str)
    answers = {why_unrendered(page)}
    if "\0" in page:  # bytes with it may be no text at all
        answers.add("")
    assert why_unrendered(page.encode()) in answers
