// A scene as the animation needs it: metres about the scene's middle, steps on a time grid.
const AREAS = ['walkways', 'carparks', 'drivable', 'crossings', 'stop_lines'];
const sceneCache = new Map();

function loadScene(id) {
  if (!sceneCache.has(id)) {
    const place = INDEX.scenes.findIndex((scene) => scene.id === id);
    const text = byId(`scene-${place}`).textContent;
    sceneCache.set(id, unpackJson(text).then(openScene));
  }
  return sceneCache.get(id);
}

function openScene(packed) {
  const map = { areas: {}, lines: new Path2D(), dividers: new Path2D() };
  for (const name of AREAS) map.areas[name] = areaPath(packed.map[name] || []);
  for (const line of packed.map.lanes || []) tracePath(map.lines, line, 10, false);
  for (const line of packed.map.dividers || []) tracePath(map.dividers, line, 10, false);
  map.lights = (packed.map.lights || []).map(([bar, states, counts]) => ({
    x: undelta(bar[0], 10), y: undelta(bar[1], 10), states, counts,
  }));
  const route = new Path2D();
  if (packed.route) tracePath(route, packed.route, 10, false);
  const tracks = packed.tracks.map((set) => set.map(openTrack));
  const runs = {};
  for (const [name, run] of Object.entries(packed.runs)) runs[name] = openRun(run, tracks);
  return { map, route, runs, series: packed.series };
}

function tracePath(path, [dx, dy], scale, close) {
  const x = undelta(dx, scale), y = undelta(dy, scale);
  for (let i = 0; i < x.length; i++) {
    if (i) path.lineTo(x[i], y[i]); else path.moveTo(x[i], y[i]);
  }
  if (close) path.closePath();
}

function areaPath(polygons) {
  return polygons.map((rings) => {
    const path = new Path2D();
    rings.forEach((ring) => tracePath(path, ring, 10, true));
    return path;
  });
}

function openTrack([kind, length, width, runs]) {
  return { kind, length, width, runs: runs.map(([start, count, x, y, heading]) => (
    typeof x === 'number'
      ? { start, count, x: [x / 100], y: [y / 100], heading: [heading / 1000] }
      : { start, count, x: undelta(x, 100), y: undelta(y, 100), heading: undelta(heading, 1000) }
  )) };
}

function openRun(run, tracks) {
  return {
    start: run.start, step: run.step, car: run.car, tracks: tracks[run.tracks],
    x: undelta(run.ego[0], 100), y: undelta(run.ego[1], 100), heading: undelta(run.ego[2], 1000),
    planTime: run.planTime,
    plans: run.plans.map(([x, y]) => ({ x: undelta(x, 100), y: undelta(y, 100) })),
    end: run.start + run.step * (run.ego[0].length - 1),
  };
}

// Pose between two steps; `at` counts in steps.
function between(source, at) {
  const last = source.x.length - 1;
  const i = Math.min(Math.max(Math.floor(at), 0), last), j = Math.min(i + 1, last);
  const f = Math.min(Math.max(at - i, 0), 1);
  const mix = (values) => values[i] + (values[j] - values[i]) * f;
  return { x: mix(source.x), y: mix(source.y), heading: mix(source.heading) };
}

function trackAt(track, at) {
  for (const run of track.runs) {
    if (at >= run.start && at <= run.start + run.count - 1 + 1e-6) return between(run, at - run.start);
  }
  return null;
}
