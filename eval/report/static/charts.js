// Small time series with limits, drawn as SVG; one cursor follows the animation.
const SVG = 'http://www.w3.org/2000/svg';
const CHART = { height: 116, left: 34, right: 8, top: 8, bottom: 18 };

function svg(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
}

function chartRange(spec, lines) {
  const seen = lines.flatMap((line) => [...line.y]).filter((value) => !Number.isNaN(value));
  const limits = (spec.bounds || []).filter((value) => value !== null);
  let low = Math.min(0, ...seen, ...limits), high = Math.max(0, ...seen, ...limits);
  const reach = 2.2 * Math.max(...limits.map(Math.abs), 0);
  if (spec.window) return spec.window;
  if (limits.length) [low, high] = [Math.max(low, -reach), Math.min(high, reach)];
  const room = (high - low || 1) * 0.08;
  return [low === 0 ? low : low - room, high + room];
}

class TimeChart {
  constructor(spec, lines, duration, seek) {
    Object.assign(this, { spec, lines, duration, seek });
    this.values = element('span', { class: 'readout' });
    const head = element('figcaption', {}, element('b', { text: spec.title }),
      element('span', { class: 'unit', text: spec.unit }), this.values);
    this.node = element('figure', { class: 'chart' }, head);
    this.node.append(element('p', { class: 'hidden-text', text: this.describe() }));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.node);
  }

  describe() {
    return this.lines.map(({ name, y }) => {
      const seen = [...y].filter((value) => !Number.isNaN(value));
      if (!seen.length) return `${name}: no value`;
      const low = Math.min(...seen).toFixed(2), high = Math.max(...seen).toFixed(2);
      return `${name}: ${low} to ${high} ${this.spec.unit}`;
    }).join('; ');
  }

  draw() {
    const width = this.node.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    const range = chartRange(this.spec, this.lines);
    const { height, left, right, top, bottom } = CHART;
    this.x = (t) => left + (width - left - right) * t / this.duration;
    this.y = (v) => top + (height - top - bottom) * (range[1] - Math.min(Math.max(v, range[0]), range[1])) / (range[1] - range[0]);
    if (this.svg) this.svg.remove();
    this.svg = svg('svg', { width, height, 'aria-hidden': 'true' }, this.node);
    this.axes(range, width);
    for (const { role, worst } of this.lines) {
      if (worst === undefined) continue;
      svg('line', { class: `worst ${role}`, x1: this.x(worst), x2: this.x(worst), y1: top, y2: height - bottom }, this.svg);
    }
    for (const line of this.lines) {
      svg('path', { d: this.path(line), class: `line ${line.role}` }, this.svg);
    }
    this.cursor = svg('line', { class: 'cursor', y1: top, y2: height - bottom }, this.svg);
    this.svg.addEventListener('pointerdown', (event) => this.drag(event));
    this.svg.addEventListener('pointermove', (event) => { if (event.buttons) this.drag(event); });
    this.show(this.time || 0);
  }

  axes(range, width) {
    const { height, left, right, bottom } = CHART;
    const tick = niceStep((range[1] - range[0]) / 3);
    for (let v = Math.ceil(range[0] / tick) * tick; v <= range[1]; v += tick) {
      svg('line', { class: 'grid', x1: left, x2: width - right, y1: this.y(v), y2: this.y(v) }, this.svg);
      const text = svg('text', { x: left - 5, y: this.y(v) + 3.5, class: 'tick end' }, this.svg);
      text.textContent = Number(v.toFixed(2));
    }
    const every = niceStep(this.duration / 4);
    for (let t = 0; t <= this.duration + 1e-6; t += every) {
      const last = t > this.duration - every / 4;
      const text = svg('text', { x: this.x(t), y: height - bottom + 13, class: `tick ${last ? 'end' : 'mid'}` }, this.svg);
      text.textContent = `${Number(t.toFixed(1))} s`;
    }
    for (const bound of this.spec.bounds || []) {
      if (bound === null) continue;
      svg('line', { class: 'bound', x1: left, x2: width - right, y1: this.y(bound), y2: this.y(bound) }, this.svg);
    }
  }

  path({ x, y }) {
    let text = '', pen = false;
    y.forEach((value, i) => {
      if (Number.isNaN(value)) { pen = false; return; }
      text += `${pen ? 'L' : 'M'}${this.x(x[i]).toFixed(1)} ${this.y(value).toFixed(1)}`;
      pen = true;
    });
    return text;
  }

  drag(event) {
    const { left, right } = CHART;
    const share = (event.clientX - this.svg.getBoundingClientRect().left - left) / (this.width - left - right);
    this.seek(Math.min(Math.max(share, 0), 1) * this.duration);
  }

  show(time) {
    this.time = time;
    if (!this.cursor) return;
    this.cursor.setAttribute('x1', this.x(time));
    this.cursor.setAttribute('x2', this.x(time));
    this.values.replaceChildren(...this.lines.map(({ role, x, y }) => {
      const i = Math.min(Math.max(Math.round((time - x[0]) / (x[1] - x[0] || 1)), 0), y.length - 1);
      const value = y[i];
      const [low, high] = this.spec.bounds || [null, null];
      const out = !Number.isNaN(value) && ((low !== null && value <= low) || (high !== null && value >= high));
      const text = Number.isNaN(value) || time > x[x.length - 1] + 0.06 ? '–' : value.toFixed(2);
      return element('span', { class: `${role}${out ? ' out' : ''}`, text });
    }));
  }

  close() { this.watch.disconnect(); }
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough);
}
