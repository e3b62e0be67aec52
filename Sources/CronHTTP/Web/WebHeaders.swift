import HTTPTypes
import Hummingbird

/// What every page says to browsers: nothing but this server's own files is loaded or run, and nobody else sees, frames or
/// keeps it.
enum WebHeaders {
    static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types cronpp",
    ].joined(separator: "; ")

    private static let features = [
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen",
        "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts", "magnetometer",
        "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial",
        "storage-access", "usb", "xr-spatial-tracking",
    ]

    static let page: HTTPFields = [
        .contentSecurityPolicy: policy,
        .referrerPolicy: "same-origin",
        .crossOriginOpenerPolicy: "same-origin",
        .crossOriginResourcePolicy: "same-origin",
        .permissionsPolicy: features.map { "\($0)=()" }.joined(separator: ", "),
        .xContentTypeOptions: "nosniff",
        .cacheControl: "no-store",
        .vary: "Accept, Cookie",
    ]

    /// Of a file that is downloaded: opened by a browser all the same, it may do nothing at all.
    static let file: HTTPFields = {
        var headers = page
        headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'; sandbox"
        return headers
    }()
}

extension HTTPField.Name {
    static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
    static let permissionsPolicy = known("Permissions-Policy")
}
