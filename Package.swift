// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Failpoints stop or kill the process at named places; release builds do not contain them.
    .define("FAILPOINTS", .when(configuration: .debug)),
]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let hashTrees = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let engineLoop = ["NIOCore", "NIOPosix"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { Target.Dependency.product(name: $0, package: "swift-nio") }

let package = Package(
    name: "cronpp",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "CronSchedule", targets: ["CronSchedule"]),
        .executable(name: "cronpp", targets: ["cronpp"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
    ],
    targets: [
        .target(name: "CronSchedule", swiftSettings: settings),
        .target(name: "CronModel", dependencies: ["CronSchedule"], swiftSettings: settings),
        .target(
            name: "CronEngine", dependencies: ["CronModel", logging, lifecycle, heap, crypto] + engineLoop,
            swiftSettings: settings),
        .target(
            name: "CronActions",
            dependencies: [
                "CronModel", "CronSchedule", "PostgresClient", httpClient, crypto, logging, nioHTTP2, nioSSL, sqlite,
                subprocess, system,
            ] + nio,
            swiftSettings: settings),
        .target(
            name: "CronStoreSQLite", dependencies: ["CronModel", "CronSchedule", grdb, sqlite, crypto],
            swiftSettings: settings),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "PostgresClient", dependencies: ["CLibPQ"], swiftSettings: settings),
        .target(
            name: "CronStorePostgres", dependencies: ["CronModel", "CronSchedule", "PostgresClient", crypto],
            swiftSettings: settings),
        // A real PostgreSQL and pgbouncer for tests.
        .target(name: "PostgresServer", swiftSettings: settings),
        // Real mail servers, and some that misbehave, for tests.
        .target(name: "MailServer", swiftSettings: settings),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .target(
            name: "CronLockRedis", dependencies: ["CronModel", "CronSchedule", "CHiredis"], swiftSettings: settings),
        .systemLibrary(name: "CLibCurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .target(name: "Mail", dependencies: ["CronModel", "CronSchedule", "CLibCurl"], swiftSettings: settings),
        // The web interface's templates, style, script and pictures, inside the binary.
        .target(name: "WebFiles", swiftSettings: settings, plugins: ["EmbedFiles"]),
        .plugin(name: "EmbedFiles", capability: .buildTool(), dependencies: ["embed-files"]),
        .executableTarget(name: "embed-files", swiftSettings: settings),
        .target(
            name: "CronHTTP", dependencies: [
                "CronEngine", "CronModel", "CronSchedule", "WebFiles", hummingbird, hummingbirdCore, httpTypes, jwt, crypto,
                cryptoExtras, logging, lifecycle, mustache, nioCore,
            ],
            swiftSettings: settings),
        .target(
            name: "CronApp",
            dependencies: [
                "CronHTTP", "CronEngine", "CronActions", "CronStoreSQLite", "CronStorePostgres", "PostgresClient",
                "CronLockRedis", "Mail", "CronModel", "CronSchedule", hummingbird, lifecycle, signals, logging, yams, crypto,
            ], swiftSettings: settings),
        .executableTarget(
            name: "cronpp", dependencies: ["CronApp", "CronSchedule", "CronModel", arguments], swiftSettings: settings),
        .target(
            name: "CronTesting", dependencies: ["CronModel", "CronSchedule", hashTrees, crypto], swiftSettings: settings),
        .executableTarget(
            name: "schedule-bench", dependencies: ["CronSchedule"], path: "Benchmarks/ScheduleBench", swiftSettings: settings),
        .executableTarget(
            name: "postgres-bench", dependencies: ["PostgresClient", "PostgresServer"], path: "Benchmarks/PostgresBench",
            swiftSettings: settings),

        .testTarget(name: "CronScheduleTests", dependencies: ["CronSchedule"], swiftSettings: settings),
        .testTarget(
            name: "CronEngineTests", dependencies: ["CronEngine", "CronModel", "CronSchedule", "CronTesting"],
            swiftSettings: settings),
        .testTarget(
            name: "CronActionsTests",
            dependencies: [
                "CronActions", "CronModel", "CronSchedule", "CronTesting", "PostgresClient", "PostgresServer", httpClient, crypto,
                logging, nioEmbedded, nioHTTP2, nioSSL,
            ] + nio,
            swiftSettings: settings),
        .testTarget(
            name: "CronHTTPTests",
            dependencies: [
                "CronHTTP", "CronEngine", "CronTesting", "CronModel", "CronSchedule", "WebFiles", hummingbird,
                hummingbirdCore, hummingbirdTesting, httpTypes, crypto, logging, lifecycle,
            ] + nio, swiftSettings: settings),
        .testTarget(
            name: "StoreBehaviourTests",
            dependencies: [
                "CronTesting", "CronStoreSQLite", "CronStorePostgres", "PostgresClient", "PostgresServer", "CronEngine",
                "CronModel", "CronSchedule", logging, crypto,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CronLockRedisTests",
            dependencies: [
                "CronLockRedis", "CronApp", "CronTesting", "CronModel", "CronSchedule", "PostgresServer",
            ] + engineLoop,
            swiftSettings: settings),
        .testTarget(
            name: "CronAppTests",
            dependencies: [
                "CronApp", "CronHTTP", "CronEngine", "CronActions", "CronTesting", "CronLockRedis", "CronModel",
                "CronSchedule", "PostgresClient", "PostgresServer", "MailServer", logging, signals,
            ], swiftSettings: settings),
        .testTarget(
            name: "CronTestingTests", dependencies: ["CronTesting", "CronModel", "CronSchedule", hashTrees], swiftSettings: settings),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["CronEngine", "CronTesting", "CronModel", "CronSchedule", heap, hashTrees],
            swiftSettings: settings),
        .testTarget(name: "CronModelTests", dependencies: ["CronModel", "CronSchedule"], swiftSettings: settings),
        .testTarget(
            name: "CronStoreSQLiteTests",
            dependencies: ["CronStoreSQLite", "CronTesting", "CronModel", "CronSchedule", grdb], swiftSettings: settings),
        .testTarget(
            name: "PostgresClientTests", dependencies: ["PostgresClient", "PostgresServer"], swiftSettings: settings),
        .testTarget(
            name: "MailTests", dependencies: ["Mail", "MailServer", "CronModel", "CronSchedule"], swiftSettings: settings),
        .testTarget(name: "TidyTests", swiftSettings: settings),
    ]
)
