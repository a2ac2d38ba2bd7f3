// Light or dark: the system's choice until the reader makes one; pictures follow.
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const themeListeners = [];

function theme() {
  return document.documentElement.dataset.theme || (systemDark.matches ? 'dark' : 'light');
}
const palette = () => INDEX.palettes[theme()];

function showTheme() {
  const next = theme() === 'dark' ? 'light' : 'dark';
  byId('theme').setAttribute('aria-label', `Switch to ${next} colours`);
  byId('theme').textContent = next === 'dark' ? '☾' : '☀';
  themeListeners.forEach((listener) => listener());
}

function keepTheme(name) {
  try { localStorage.setItem('drivewm-theme', name); } catch { /* storage may be denied */ }
}

function startTheme() {
  let kept = null;
  try { kept = localStorage.getItem('drivewm-theme'); } catch { /* storage may be denied */ }
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept;
  byId('theme').addEventListener('click', () => {
    const next = theme() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    keepTheme(next);
    showTheme();
  });
  systemDark.addEventListener('change', showTheme);
  showTheme();
}
