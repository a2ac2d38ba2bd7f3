// Numbers of the page: base64 -> gzip -> JSON or bytes, and running sums of differences.
const byId = (id) => document.getElementById(id);
const INDEX = JSON.parse(byId('index').textContent);

async function unpackBytes(text) {
  const packed = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A blob is: length of the JSON, the JSON, zigzag integers in groups of 7 bits (low group first).
async function unpackScene(text) {
  const bytes = await unpackBytes(text);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { about, numbers: new Numbers(bytes.subarray(4 + length)) };
}

class Numbers {
  constructor(bytes) {
    let count = 0;
    for (let i = 0; i < bytes.length; i++) count += bytes[i] < 128;
    this.raw = new Float64Array(count);
    let value = 0, factor = 1, place = 0;
    for (let i = 0; i < bytes.length; i++) {
      value += (bytes[i] & 127) * factor;
      if (bytes[i] >= 128) { factor *= 128; continue; }
      this.raw[place++] = value % 2 ? -(value + 1) / 2 : value / 2;
      value = 0;
      factor = 1;
    }
  }

  // Sums of differences (once or twice), in units.
  run(first, count, scale, order = 1) {
    const values = new Float64Array(count);
    let sum = 0, slope = 0;
    for (let i = 0; i < count; i++) {
      slope = order === 2 ? slope + this.raw[first + i] : this.raw[first + i];
      sum += slope;
      values[i] = sum / scale;
    }
    return values;
  }

  points([first, count], scale, order = 1) {
    return { x: this.run(first, count, scale, order), y: this.run(first + count, count, scale, order) };
  }
}

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'text') node.textContent = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
