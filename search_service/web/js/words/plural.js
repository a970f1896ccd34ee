// English only; Japanese counts without it.
/** @type {(n: number, one: string, many?: string) => string} */
export const plural = (n, one, many = `${one}s`) => (n === 1 ? one : many);
