// Runs before the first paint, as a plain script: puts the stored theme and projector size on the root element.
(() => {
  try {
    const root = document.documentElement;
    const theme = localStorage.getItem('flashlab.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    if (localStorage.getItem('flashlab.projector') === '1') root.dataset.projector = '1';
  } catch {
    // Storage is closed to this page (a private window): the system's theme holds.
  }
})();
