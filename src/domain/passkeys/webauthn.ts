type Library = typeof import('@simplewebauthn/server');
let loading: Promise<Library> | undefined;

/** The library, loaded when somebody has to do with a passkey: most commands and many realms never do. */
export function webauthn(): Promise<Library> {
  return loading ??= import('@simplewebauthn/server').then((library) => {
    // nobody is asked which make a device is: no chain of certificates is followed, and nothing is fetched to look whether one was revoked
    for (const identifier of ['android-key', 'android-safetynet', 'apple'] as const) library.SettingsService.setRootCertificates({ identifier, certificates: [] });
    return library;
  });
}
