// The few names of a browser that the page's modules touch when they are loaded: its pure logic runs in node with these.
const store = new Map();
const storage = {
  getItem: (key) => store.get(key) ?? null,
  setItem: (key, value) => store.set(key, String(value)),
  removeItem: (key) => store.delete(key),
  clear: () => store.clear(),
};
const give = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

give("sessionStorage", storage);
give("localStorage", storage);
give("location", { search: "?lang=en", href: "http://page.test/?lang=en" });
give("document", {
  documentElement: {},
  createElement: () => {
    throw new Error("The unit tests have no document.");
  },
});
