// What runs inside the page before anything of its own: it looks, and changes nothing that people see.
(() => {
  const violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
  });

  const isOwn = (address) => {
    const { origin, pathname, protocol } = new URL(address, document.baseURI);
    return protocol === "blob:" || (origin === location.origin && /^\/inspect(\/|$)/.test(pathname));
  };

  const words = (text) => new Set(text.trim().split(/\s+/));
  const neverMade = words(`script style link meta base iframe frame frameset object embed applet img image picture audio video
    foreignobject animate set math template body html marquee`);
  const leading = words("href src srcset action data formaction poster background xlink:href ping");

  /** Elements that the page never makes, and attributes that would do something or lead away. */
  function intruders() {
    const found = [];
    for (const element of document.querySelectorAll("*")) {
      const name = element.localName;
      const ownParts = document.head.contains(element) && /^(meta|title|link|script)$/.test(name);
      const isPage = element === document.body || element === document.documentElement;
      if (neverMade.has(name.toLowerCase()) && !ownParts && !isPage) found.push(element.outerHTML.slice(0, 200));
      for (const { name: attribute, value } of element.attributes) {
        if (/^on/i.test(attribute)) found.push(`${name} ${attribute}=${value.slice(0, 200)}`);
        if (leading.has(attribute.toLowerCase()) && !isOwn(value)) found.push(`${name} ${attribute}=${value.slice(0, 200)}`);
      }
    }
    return found;
  }

  const unseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/;

  /** Characters that turn the direction of a line, or are not seen, anywhere in what is shown. */
  function invisible() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (unseen.test(node.data)) found.push(JSON.stringify(node.data.slice(0, 120)));
    }
    for (const element of document.querySelectorAll("[title], [aria-label]")) {
      for (const name of ["title", "aria-label"]) {
        if (/[\u202a-\u202e\u2066-\u2069]/.test(element.getAttribute(name) ?? "")) found.push(`${name}=${JSON.stringify(element.getAttribute(name))}`);
      }
    }
    return found;
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  /** Red, green, blue 0..255 and alpha 0..1 of any colour that CSS computes. */
  function colour(text) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = "#000";
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }

  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];

  /** WCAG 2.2, relative luminance. */
  function luminance([r, g, b]) {
    const [red, green, blue] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function ratio(one, other) {
    const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  /** What is painted at a point beneath an element, the page's own ground last. */
  function ground(element, x, y) {
    const stack = document.elementsFromPoint(x, y);
    const from = stack.indexOf(element);
    const beneath = from === -1 ? [] : stack.slice(from);
    let painted = [0, 0, 0, 0];
    for (const one of beneath) {
      const style = getComputedStyle(one);
      const isShape = one instanceof SVGGeometryElement;
      // A text is not its own ground, and a line has none, whatever its fill is said to be.
      if (one instanceof SVGLineElement || (one === element && one instanceof SVGElement)) continue;
      const [r, g, b, a] = colour(isShape ? (style.fill === "none" ? "transparent" : style.fill) : style.backgroundColor);
      const alpha = a * opacity(one) * (isShape ? Number(style.fillOpacity) : 1);
      const rest = (1 - painted[3]) * alpha;
      painted = [painted[0] + r * rest, painted[1] + g * rest, painted[2] + b * rest, painted[3] + rest];
      if (painted[3] > 0.999) break;
    }
    const [R, G, B] = canvasGround();
    const rest = 1 - painted[3];
    return [painted[0] + R * rest, painted[1] + G * rest, painted[2] + B * rest, 1];
  }

  function canvasGround() {
    const [r, g, b, a] = colour(getComputedStyle(document.documentElement).backgroundColor);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return over([r, g, b, a], dark ? [18, 18, 18] : [255, 255, 255]);
  }

  function opacity(element) {
    let value = 1;
    for (let one = element; one !== null; one = one.parentElement) value *= Number(getComputedStyle(one).opacity);
    return value;
  }

  /** Texts in view that stand out too little from what is beneath them: 4.5 to 1, large ones 3 to 1 (WCAG 2.2, 1.4.3), and so are those that are dimmed because they come later. */
  function faint() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { pointer-events: auto !important; transition: none !important; animation: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const found = new Map();
    let seen = 0;
    try {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const element = node.parentElement;
        if (element === null || node.data.trim() === "" || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (element.closest(":disabled, [aria-disabled=true]") !== null) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
        // What is clipped to a pixel is for screen readers.
        if (box.width < 2 || box.height < 2 || x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) continue;
        if (!document.elementsFromPoint(x, y).includes(element)) continue;
        seen += 1;
        const style = getComputedStyle(element);
        const inSvg = element instanceof SVGElement;
        const beneath = ground(element, x, y);
        const [r, g, b, a] = colour(inSvg ? style.fill : style.color);
        const contrast = ratio(over([r, g, b, a * opacity(element)], beneath), beneath);
        const size = Number.parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (contrast >= (large || element.closest("[data-later=true]") !== null ? 3 : 4.5)) continue;
        const kind = `${element.localName}.${element.getAttribute("class") ?? ""}`;
        const colours = `${inSvg ? style.fill : style.color} on ${beneath.slice(0, 3).map(Math.round)}`;
        if (!found.has(kind)) found.set(kind, `${kind} ${JSON.stringify(node.data.trim().slice(0, 40))} ${contrast.toFixed(2)} (${colours})`);
      }
    } finally {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    }
    return { seen, faint: [...found.values()] };
  }

  /** Elements that stick out of the window to the right and make it scroll. */
  function wide() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const out = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5);
    return [`${scrollWidth} > ${clientWidth}`, ...out.slice(0, 8).map((element) => `${element.localName}.${element.getAttribute("class") ?? ""}`)];
  }

  /** What is shown of the session at this moment: state in its head, states lit in the chart, and the fields of the documented session. */
  function session() {
    const labels = (selector) => [...document.querySelectorAll(selector)].map((element) => element.getAttribute("aria-label"));
    const rows = [...document.querySelectorAll(".document-fields tbody tr")].map((row) => [
      row.querySelector("th")?.textContent ?? "",
      row.querySelector(".document-none") === null ? (row.querySelector(".document-value, .xml")?.textContent ?? "?") : null,
    ]);
    return {
      state: document.querySelector(".session-title .state-pill-text")?.textContent ?? "",
      lit: labels('.chart-head[aria-label$=", active"]').map((label) => /^state (.*), active$/.exec(label)?.[1] ?? label).toSorted(),
      taken: labels('.chart-line[aria-label$=", just taken"]').map((label) => label.replace(/, just taken$/, "")),
      fields: Object.fromEntries(rows),
    };
  }

  /** Pixels of what scrolls there that are below what is seen of it. */
  function belowSight(selector) {
    const { scrollHeight, clientHeight, scrollTop } = document.querySelector(selector);
    return scrollHeight - clientHeight - scrollTop;
  }

  /** What the slider stands at. */
  function place() {
    const line = document.querySelector(".travel-place");
    const log = [...(line?.children ?? [])].map((part) => /^log ([\d,]+)$/.exec(part.textContent)?.[1]).find((found) => found !== undefined);
    return {
      index: Number(document.querySelector(".travel-slider")?.value ?? -1),
      position: log === undefined ? null : Number(log.replaceAll(",", "")),
      event: line?.querySelector(".travel-event")?.textContent ?? "",
      state: line?.querySelector("code")?.textContent ?? null,
    };
  }

  globalThis.inPage = { violations, intruders, invisible, faint, wide, session, belowSight, place };
})();
