/** That of package.json, which is out of reach where a worker is bundled into one file. */
export const runtimeVersion = "0.1.0";
