// True and predicted occupancy from above, decoded when a film comes into view.
const FREE = 17;
const MOVABLE = new Set([2, 3, 4, 5, 6, 7, 9, 10]);

class Film {
  constructor(node, place) {
    Object.assign(this, { node, spec: INDEX.films[place], place, mode: 'classes' });
    this.canvases = [...node.querySelectorAll('canvas')];
    new IntersectionObserver(([entry], watch) => {
      if (!entry.isIntersecting) return;
      watch.disconnect();
      this.load();
    }, { rootMargin: '400px' }).observe(node);
    themeListeners.push(() => this.draw());
  }

  async load() {
    this.cells = await unpackBytes(byId(`film-${this.place}`).textContent);
    this.draw();
  }

  show(mode) { this.mode = mode; this.draw(); }

  draw() {
    if (!this.cells) return;
    const [, frames, across, wide] = this.spec.shape, size = across * wide;
    for (const canvas of this.canvases) {
      const predicted = Number(canvas.dataset.row), frame = Number(canvas.dataset.frame);
      const truth = this.cells.subarray(frame * size, (frame + 1) * size);
      const guess = this.cells.subarray((frames + frame) * size, (frames + frame + 1) * size);
      const paint = this.mode === 'errors' && predicted ? errorColors(truth, guess)
        : classColors(predicted ? guess : truth);
      paintGrid(canvas, across, wide, paint);
    }
    this.node.dataset.drawn = this.mode;
  }
}

function classColors(cells) {
  const colors = palette().classes.map(channels);
  return (i) => colors[cells[i]] || colors[FREE];
}

// Movable cells only: right, missed, invented; the rest stays ground.
function errorColors(truth, guess) {
  const colors = palette();
  const [right, missed, invented, ground] = [colors.ego, colors.rival, colors.muted, colors.drivable].map(channels);
  return (i) => {
    const real = MOVABLE.has(truth[i]), said = MOVABLE.has(guess[i]);
    if (real && said) return right;
    if (real) return missed;
    return said ? invented : ground;
  };
}

function channels(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

// Row 0 of the picture is farthest ahead, column 0 farthest left.
function paintGrid(canvas, across, wide, paint) {
  canvas.width = wide;
  canvas.height = across;
  const pen = canvas.getContext('2d'), image = pen.createImageData(wide, across);
  for (let row = 0; row < across; row++) {
    for (let column = 0; column < wide; column++) {
      const [r, g, b] = paint((across - 1 - row) * wide + (wide - 1 - column));
      image.data.set([r, g, b, 255], (row * wide + column) * 4);
    }
  }
  pen.putImageData(image, 0, 0);
}

function startFilms() {
  const films = [...document.querySelectorAll('[data-film]')].map((node, i) => new Film(node, i));
  document.querySelectorAll('input[name="film-mode"]').forEach((input) => {
    input.addEventListener('change', () => films.forEach((film) => film.show(input.value)));
  });
}
