// Dark is for treatment rooms, light for offices: by the system, unless somebody pins it.

const ORDER = ["system", "light", "dark"];

export function offerThemes() {
  const button = document.getElementById("theme-button");
  if (!button) return;
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "system";
    const next = ORDER[(ORDER.indexOf(now) + 1) % ORDER.length];
    document.documentElement.dataset.theme = next;
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=strict`;
    button.querySelector("span").textContent = next;
    document.dispatchEvent(new CustomEvent("dermatrace:theme", { detail: next }));
  });
}
