// Measures of a page's geometry: each function returns a list of faults, one sentence each. Evaluated as
// one expression, whose value holds the functions.
(() => {
  const name = (e) => {
    const id = e.id ? `#${e.id}` : '';
    const classes = [...e.classList].map((c) => `.${c}`).join('');
    const text = (e.ariaLabel ?? e.innerText ?? '').replace(/\s+/g, ' ').trim().slice(0, 40);
    return `<${e.localName}${id}${classes}> ${JSON.stringify(text)}`;
  };
  const shown = (e) => e.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true });
  // Text for screen readers alone, a skip link before its focus: no area that a person could press.
  const tucked = (e) => {
    const r = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    return r.width <= 1 || r.height <= 1 || r.right <= 0 || r.bottom <= -scrollY || style.clipPath === 'inset(50%)'
      || /^rect\((0|1)px,? (0|1)px,? (0|1)px,? (0|1)px\)$/.test(style.clip);
  };
  const scrolls = (e) => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
  const inScroller = (e) => {
    for (let a = e.parentElement; a && a !== document.body; a = a.parentElement) if (scrolls(a)) return true;
    return false;
  };

  // WCAG 1.4.10: the page does not scroll sideways. Names the elements that stick out.
  const overflow = (what) => {
    const room = document.documentElement.clientWidth;
    const wide = document.scrollingElement.scrollWidth;
    if (wide <= room) return [];
    const out = [...document.body.querySelectorAll('*')].filter((e) => shown(e) && !inScroller(e)
      && e.getBoundingClientRect().right > room + 0.5);
    const leaves = out.filter((e) => !out.some((o) => o !== e && e.contains(o)));
    return [`${what}: ${wide} px wide in ${room}: ${leaves.slice(0, 5).map(name).join(', ')}`];
  };

  // Elements whose own text is cut off by their box.
  const clipped = () => [...document.body.querySelectorAll('*')].filter((e) => {
    if (!shown(e) || tucked(e) || e.localName === 'input') return false; // the keyboard moves the text of a field
    const style = getComputedStyle(e);
    const cuts = (overflow) => ['hidden', 'clip'].includes(overflow);
    return (cuts(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
      || (cuts(style.overflowY) && e.scrollHeight > e.clientHeight + 1);
  });

  // Applies a style sheet, which no content policy forbids when it is constructed.
  const apply = (css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return () => { document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet); };
  };

  // What a change of style newly cuts off or pushes out of the window.
  const suffers = (what, css) => {
    const before = new Set(clipped());
    const undo = apply(css);
    const faults = overflow(what);
    for (const e of clipped()) if (!before.has(e)) faults.push(`${what}: text cut off in ${name(e)}`);
    undo();
    return faults;
  };
  const spacing = () => suffers('text spacing', // WCAG 1.4.12
    '*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-bottom:2em!important}');
  const enlarged = () => suffers('text at 200 %', 'html{font-size:200%!important}'); // WCAG 1.4.4

  const pressable = 'a[href],button,input:not([type=hidden]),select,textarea,summary,'
    + '[role=button],[role=link],[role=checkbox],[role=radio],[role=switch],[role=tab],[role=menuitem],[role=option]';
  // The area that can be pressed: a check box and its labels are one.
  const area = (e) => {
    const rects = [e, ...(e.labels ?? [])].map((x) => x.getBoundingClientRect()).filter((r) => r.width && r.height);
    const left = Math.min(...rects.map((r) => r.left));
    const top = Math.min(...rects.map((r) => r.top));
    return { width: Math.max(...rects.map((r) => r.right)) - left, height: Math.max(...rects.map((r) => r.bottom)) - top };
  };
  // A link in a sentence: the line height decides, not the author (2.5.8, exception "inline").
  const inSentence = (e) => {
    if (getComputedStyle(e).display !== 'inline') return false;
    let block = e.parentElement;
    while (block && getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
    const own = e.innerText.trim().length;
    return block.innerText.trim().length > own && [...block.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  };
  // WCAG 2.5.8.
  const targets = () => [...document.querySelectorAll(pressable)]
    .filter((e) => shown(e) && !tucked(e) && !e.disabled && !inSentence(e))
    .flatMap((e) => {
      const { width, height } = area(e);
      const small = Math.min(width, height) < 23.95; // rounding of fractions of a pixel
      return small ? [`target of ${width.toFixed(1)} × ${height.toFixed(1)} px, under 24: ${name(e)}`] : [];
    });

  const look = (e) => {
    const s = getComputedStyle(e);
    return {
      outline: s.outlineStyle === 'none' || parseFloat(s.outlineWidth) === 0 ? '' : `${s.outlineStyle} ${s.outlineWidth} ${s.outlineColor}`,
      shadow: s.boxShadow, border: s.border, background: s.backgroundColor, line: s.textDecoration,
    };
  };
  // The looks of everything without the keyboard, to compare with.
  const restful = new WeakMap();
  const rest = () => {
    document.activeElement?.blur();
    for (const e of document.querySelectorAll('*')) if (e.tabIndex >= 0) restful.set(e, look(e));
  };
  const transparent = (outline) => /rgba\(.*, 0\)$|transparent/.test(outline);
  // WCAG 2.4.7 and 2.4.11: what has the keyboard shows it, in view and not covered. Gives [key, faults].
  const visited = new Map();
  const focused = () => {
    const e = document.activeElement;
    if (!e || e === document.body || e === document.documentElement) return { end: true, faults: [] };
    if (visited.has(e)) return { end: true, faults: [] };
    visited.set(e, true);
    const faults = [];
    const now = look(e);
    const then = restful.get(e) ?? {};
    const differs = Object.keys(now).filter((k) => now[k] !== then[k]);
    const seen = differs.some((k) => k !== 'outline') || (differs.includes('outline') && now.outline && !transparent(now.outline));
    if (!seen && e.localName !== 'iframe') faults.push(`focus not visible: ${name(e)}`);
    const r = e.getClientRects()[0] ?? e.getBoundingClientRect(); // a link that wraps is judged by its first line
    const x = Math.min(Math.max((r.left + r.right) / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max((r.top + r.bottom) / 2, 0), innerHeight - 1);
    if (r.bottom <= 0 || r.top >= innerHeight || r.right <= 0 || r.left >= innerWidth) {
      faults.push(`focus out of view: ${name(e)}`);
    } else {
      const top = document.elementFromPoint(x, y);
      const label = [...(e.labels ?? [])].some((l) => l.contains(top));
      if (top && top !== e && !e.contains(top) && !top.contains(e) && !label) faults.push(`focus covered by ${name(top)}: ${name(e)}`);
    }
    return { end: false, faults };
  };
  return { overflow, spacing, enlarged, targets, rest, focused };
})()
