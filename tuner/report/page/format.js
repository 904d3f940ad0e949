'use strict';
// Small things that all other files use: elements, numbers and times as people read them.

// An element with attributes and children. Texts become text, never markup.
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, '');
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

function trimmedZeros(digits) {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

// As printf's %.6g, which tuner prints and `~` compares.
function sixDigits(x, digits = 6) {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (x === 0) return Object.is(x, -0) ? '-0' : '0';
  const [mantissa, power] = x.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits) return trimmedZeros(x.toFixed(digits - 1 - exponent));
  const size = Math.abs(exponent);
  return `${trimmedZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

// A number as tuner's JSON has it: what is not finite is a text.
function numberFrom(json) {
  return typeof json === 'string' ? Number(json.replace('inf', 'Infinity')) : json;
}

// A number on an axis or in a sentence.
function short(x) {
  return x === null || x === undefined ? '' : sixDigits(x, 4);
}

function percent(share) {
  return `${(share * 100).toFixed(share >= 0.0005 && share < 0.0995 ? 1 : 0)} %`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds < 1e-3) return `${short(seconds * 1e6)} µs`;
  if (seconds < 1) return `${sixDigits(seconds * 1e3, 3)} ms`;
  if (seconds < 60) return `${sixDigits(seconds, 3)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function timeText(milliseconds) {
  return new Date(milliseconds).toISOString();
}

function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

// Numbers from 0 to 1, the same ones for the same seed (mulberry32).
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// So many of the items, always the same ones, in their order.
function drawn(items, most) {
  if (items.length <= most) return Array.from(items);
  const random = randomNumbers(1);
  const taken = [];
  for (let i = 0; i < items.length && taken.length < most; ++i)
    if (random() * (items.length - i) < most - taken.length) taken.push(items[i]);
  return taken;
}

// The q-th quantile of sorted numbers, linear between neighbors.
function quantile(sorted, q) {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

// A name by its last words, as far as they tell it from the others.
function shortNames(names) {
  return names.map((name) => {
    const words = name.split('.');
    for (let n = 1; n < words.length; ++n) {
      const tail = words.slice(-n).join('.');
      if (names.every((other) => other === name || (other !== tail && !other.endsWith(`.${tail}`)))) return tail;
    }
    return name;
  });
}
