// English only; Japanese counts without it.
export const plural = (n, one, many = `${one}s`) => (n === 1 ? one : many);
