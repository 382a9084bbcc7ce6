// The snippet of a shop's pages: what visitors look at, for how long, and what
// they search for. It is served without comments and spaces; see squeeze, which
// wants no regular expressions here. docs/data.md has its attributes and calls.
((w, d, n) => {
  let script = d.currentScript, set = script.dataset, loc = w.location
  let post = new URL("v1/batch", script.src).href
  let early = w.herald, memory = {}, seen = new WeakSet(), queue, timer, busy, since, path
  let fails = 0
  // Whoever says not to be tracked is not: nothing is stored, nothing is sent.
  let never = n.globalPrivacyControl || n.doNotTrack == 1

  let get = k => { try { return localStorage.getItem("herald_" + k) } catch (e) { return memory[k] } }
  let put = (k, v) => { try { v ? localStorage.setItem("herald_" + k, v) : localStorage.removeItem("herald_" + k) } catch (e) { memory[k] = v } }
  let allowed = () => {
    let said = get("consent")
    return !never && (said == "yes" || said != "no" && set.consent != "required")
  }
  let random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => (b + 256).toString(16).slice(1)).join("")
  let now = () => new Date().toISOString()
  let load = () => { try { queue = queue || JSON.parse(get("queue")) || [] } catch (e) { queue = [] } }
  let keep = () => put("queue", queue[0] && JSON.stringify(queue))

  let call = (type, more) => {
    if (!allowed()) return
    load()
    let id = get("id"), user = get("user"), campaign = {}
    id || put("id", id = random())
    let c = { type, messageId: random(), anonymousId: id, originalTimestamp: now(), context: { campaign }, ...more }
    if (user) c.userId = user
    new URLSearchParams(loc.search).forEach((v, k) => {
      if (k.startsWith("utm_")) campaign[k == "utm_campaign" ? "name" : k.slice(4)] = v
    })
    queue = [...queue, c].slice(-100)
    keep()
    later(500)
  }
  let track = (event, properties) => call("track", { event, properties: properties || {} })
  let later = ms => timer = timer || setTimeout(flush, ms)
  let body = batch => JSON.stringify({ writeKey: set.key, sentAt: now(), batch })
  let done = calls => {
    queue = queue.filter(c => !calls.includes(c))
    keep()
  }
  let flush = () => {
    timer = 0
    if (busy || !allowed()) return
    load()
    // After a failure a few at a time: what is sent at once has its bounds.
    let calls = queue.slice(0, fails ? 5 : 40)
    if (!calls[0]) return
    busy = 1
    // A text needs no question to the server first; copies are told by messageId.
    fetch(post, { method: "POST", body: body(calls), keepalive: true, credentials: "omit" }).then(r => {
      if (r.status > 499 || r.status == 429) throw 0
      done(calls)
      fails = 0
    }).catch(() => fails++).then(() => {
      busy = 0
      if (queue[0]) later(fails && 1000 * Math.min(300, 1 << fails))
    })
  }
  let beacon = () => {
    left()
    if (!allowed()) return
    load()
    let calls = queue.slice(-40)
    if (calls[0] && n.sendBeacon(post, body(calls))) done(calls)
  }

  // Time counts while the page is in view; each stretch is told when it ends.
  let left = () => {
    let seconds = since ? (Date.now() - since) / 1000 : 0
    since = 0
    if (seconds >= 1) track("Page Left", { path, url: loc.origin + path, seconds })
  }
  let seeing = () => since = d.visibilityState == "visible" && Date.now()
  // Addresses go without what stands behind the question mark: it may be secret.
  let page = (name, more) => {
    path = loc.pathname
    seeing()
    call("page", { name, properties: { path, title: d.title, url: loc.origin + path, referrer: d.referrer.split("?")[0] || undefined, ...more } })
    searched(new URLSearchParams(loc.search).get(set.search))
    scan()
  }
  let moved = () => setTimeout(() => {
    if (loc.pathname == path) return
    left()
    page()
  })
  let searched = query => query && track("Products Searched", { query })
  let scan = () => allowed() && d.querySelectorAll("[data-herald-product],[data-herald-search]").forEach(e => {
    if (seen.has(e)) return
    seen.add(e)
    searched(e.dataset.heraldSearch)
    let sku = e.dataset.heraldProduct, product
    if (!sku) return
    try { product = JSON.parse(sku) } catch (x) { }
    track("Product Viewed", product instanceof Object ? product : { sku })
  })

  let api = w.herald = {
    track, page,
    identify: (user, traits) => {
      if (!allowed()) return
      if (user) put("user", user)
      call("identify", { traits: traits || {} })
    },
    reset: () => {
      put("id")
      put("user")
    },
    consent: yes => {
      let was = allowed()
      if (!never) put("consent", yes ? "yes" : set.consent != "required" && "no")
      if (!yes) {
        queue = []
        keep()
        api.reset()
      }
      if (!was && allowed()) page()
    },
    push: c => api[c[0]](...c.slice(1))
  }
  let go = history.pushState
  history.pushState = function () {
    go.apply(this, arguments)
    moved()
  }
  w.addEventListener("popstate", moved)
  w.addEventListener("pagehide", beacon)
  d.addEventListener("visibilitychange", () => d.visibilityState == "visible" ? seeing() : beacon())
  new MutationObserver(scan).observe(d, { childList: true, subtree: true })
  if (allowed()) page()
  if (early) early.forEach(api.push)
})(window, document, navigator)
