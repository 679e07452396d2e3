/** A setting that this browser keeps. Where storage is off (private windows), it lasts as long as the page. */
export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(`platform.${name}`);
  } catch {
    return null;
  }
}

export function writeStored(name: string, value: string): void {
  try {
    localStorage.setItem(`platform.${name}`, value);
  } catch {
    // Kept for this page only.
  }
}
