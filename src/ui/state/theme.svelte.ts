const KEY = 'treering.theme';
export type ThemeName = 'light' | 'dark';

/** Light or dark: as the system says until the visitor chooses. */
export class Theme {
  name = $state<ThemeName>('light');

  constructor() {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const kept = this.#kept();
    this.#apply(kept ?? (system.matches ? 'dark' : 'light'));
    system.addEventListener('change', () => {
      if (this.#kept() === null) this.#apply(system.matches ? 'dark' : 'light');
    });
  }

  // Storage may be refused by the browser's settings; the switch then lasts as long as the page.
  #kept(): ThemeName | null {
    try {
      const kept = localStorage.getItem(KEY);
      return kept === 'light' || kept === 'dark' ? kept : null;
    } catch {
      return null;
    }
  }

  #apply(name: ThemeName): void {
    this.name = name;
    document.documentElement.dataset['theme'] = name;
  }

  toggle(): void {
    this.#apply(this.name === 'dark' ? 'light' : 'dark');
    try {
      localStorage.setItem(KEY, this.name);
    } catch {
      return;
    }
  }
}
