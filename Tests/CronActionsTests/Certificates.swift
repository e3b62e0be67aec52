/// Certificates and keys for tests only, made with openssl, valid until 2126.
enum Certificates {
    /// Signed `server`.
    static let serverRoot = """
        -----BEGIN CERTIFICATE-----
        MIIBlDCCATmgAwIBAgIUKe9oDZ/1hhAAZevWug/Q2PyFbxgwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLc2VydmVyIHJvb3QwIBcNMjYxMTI0MTg0NTQ3WhgPMjEyNjEw
        MzExODQ1NDdaMBYxFDASBgNVBAMMC3NlcnZlciByb290MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAEc9Vpsl4/1X0vJ4LkRpksLhk6pjZQOqLy3lCfKoeVnKEuUlyx
        yQmHfc02W4v2L68ZNAEoxzqvlI4wD9b3X8wOpqNjMGEwHQYDVR0OBBYEFIbo05/J
        BcJzBFwutPGeZsfClMCxMB8GA1UdIwQYMBaAFIbo05/JBcJzBFwutPGeZsfClMCx
        MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMAoGCCqGSM49BAMCA0kA
        MEYCIQCzDqsrGDVDa+0iqSlK/1UBZEqqA8bYE1s2VdwQEcKJ4AIhAIx4XvKMg/W2
        DJz7ZcnwikuJVmZbQRUJoPDTraxK+Nye
        -----END CERTIFICATE-----
        """
    /// For localhost and 127.0.0.1.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBjTCCATKgAwIBAgIUKET//0WXSG9kz2JL0Ob+ssWRhiUwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLc2VydmVyIHJvb3QwIBcNMjYxMTI0MTg0NTQ4WhgPMjEyNjEw
        MzExODQ1NDhaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABD3M7ImI9tPbaORXP/4uGVjsSphAxpRalqcnP+ae3zYzLVAPY0aQ
        iJNJraoNU7Gov1XgLXHfBGddYjkTOgkduzejXjBcMBoGA1UdEQQTMBGCCWxvY2Fs
        aG9zdIcEfwAAATAdBgNVHQ4EFgQUgjmK0fxC+9tTnCCXI62hk2uPssowHwYDVR0j
        BBgwFoAUhujTn8kFwnMEXC608Z5mx8KUwLEwCgYIKoZIzj0EAwIDSQAwRgIhAPD0
        7hVeY0VB7z8GM8NkLt0UCDR7QaX0INCstN0xk1qSAiEA/A/cXpKyJsGSTBe5CU5I
        UWTT4a9c0bcErd0CHoAjO0A=
        -----END CERTIFICATE-----
        """
    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJZKt3Atb7vKrSa/V
        dyOV79X/FnTQogLmy9ZEzELREdKhRANCAAQ9zOyJiPbT22jkVz/+LhlY7EqYQMaU
        WpanJz/mnt82My1QD2NGkIiTSa2qDVOxqL9V4C1x3wRnXWI5EzoJHbs3
        -----END PRIVATE KEY-----
        """
    /// Signed nothing that a receiver shows.
    static let otherRoot = """
        -----BEGIN CERTIFICATE-----
        MIIBkDCCATegAwIBAgIUFpD1r5UIZPTCDx4iOFv3Cj/CgFkwCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKb3RoZXIgcm9vdDAgFw0yNjExMjQxODQ1NDdaGA8yMTI2MTAz
        MTE4NDU0N1owFTETMBEGA1UEAwwKb3RoZXIgcm9vdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABKMC+BMRE2fBb5iB2aqTtpinf4TnHFGRWtm44szI5xPFmLIPDzgc
        M3qIq3olN7xbHSfyI8+D0fujA0a+I4MH5UOjYzBhMB0GA1UdDgQWBBQwQrrDdZdZ
        x75nbzM95vAdzsWbAjAfBgNVHSMEGDAWgBQwQrrDdZdZx75nbzM95vAdzsWbAjAP
        BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNHADBE
        AiAc7r2ht1o+FQCS1HIxc/z125IzTNkw9/+ey4NAQ65ebAIgQnssBZ+Wwe/XYmU5
        AjTxqu2WKUTeTLRHgIjId1o0+OA=
        -----END CERTIFICATE-----
        """
    /// Receivers trust it; signed `intermediate`, `rsa` and `edwards`.
    static let clientRoot = """
        -----BEGIN CERTIFICATE-----
        MIIBkzCCATmgAwIBAgIUMEuYCeISJ4U2/UGx+SlEG/lOoj8wCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLY2xpZW50IHJvb3QwIBcNMjYxMTI0MTg0NTQ3WhgPMjEyNjEw
        MzExODQ1NDdaMBYxFDASBgNVBAMMC2NsaWVudCByb290MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAEvV4CIRgv8q2jqqTF9pnREkevU9R5qF+CatIyo0Nmb4mahCXB
        pjcX2QyUFP4PnSFcJEKCSNKvmK0bl/vAbiOHHKNjMGEwHQYDVR0OBBYEFA06b1Sn
        5ipJSZq8dZCMD7h8NRkLMB8GA1UdIwQYMBaAFA06b1Sn5ipJSZq8dZCMD7h8NRkL
        MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMAoGCCqGSM49BAMCA0gA
        MEUCIQDDlXcm3EcBtSvCAqD8ON2DlP+E2rhc3ZLvB3bkROG/QQIgfz54ri9Mb3s0
        X96W3P+/2qc9U/IYXwxjTlcXGsTzPvE=
        -----END CERTIFICATE-----
        """
    /// Signed by `intermediate`.
    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBjTCCATOgAwIBAgIUQIDO/T/5go7zejpCTwhKVa8q+JMwCgYIKoZIzj0EAwIw
        HjEcMBoGA1UEAwwTY2xpZW50IGludGVybWVkaWF0ZTAgFw0yNjExMjQxODQ1NDha
        GA8yMTI2MTAzMTE4NDU0OFowFDESMBAGA1UEAwwJY2xpZW50IGVjMFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEaUvUZWb0LEdyPceFkUxRnoVHzif37ctkXjaZ095W
        csYuLGUZHb81h8Gollf2myLHLOxUCU+z4AIIQZhcGFJUAaNXMFUwEwYDVR0lBAww
        CgYIKwYBBQUHAwIwHQYDVR0OBBYEFKTttrraaqxbq3jf9MqMa4r5CunvMB8GA1Ud
        IwQYMBaAFFzXk6UaMe9PoJMfuOWlf6pHbU9hMAoGCCqGSM49BAMCA0gAMEUCIQDX
        MqZpNa9ft2Se3FtlPeg6jCwUTnTA+aATluzVXOhGHgIgEylWVlC/w41F0Y1EsiEw
        B3ZBvtPNQQIPDolGegG2nmw=
        -----END CERTIFICATE-----
        """
    static let intermediate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUBux6WOjVT58XNPLtaRIylzUT0dgwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLY2xpZW50IHJvb3QwIBcNMjYxMTI0MTg0NTQ3WhgPMjEyNjEw
        MzExODQ1NDdaMB4xHDAaBgNVBAMME2NsaWVudCBpbnRlcm1lZGlhdGUwWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAATCWzuDwzghhBxMwlfmTE83iPgQ5HMT7ePivUt/
        iAhicDzFjnFFsQhQg+6JuQMXy3gRAtXYXNQrcoQ5L8WCAVqjo2MwYTAPBgNVHRMB
        Af8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUXNeTpRox70+gkx+4
        5aV/qkdtT2EwHwYDVR0jBBgwFoAUDTpvVKfmKklJmrx1kIwPuHw1GQswCgYIKoZI
        zj0EAwIDSAAwRQIgDqJiG+CqUxJraMQIitKMW526Cb6R1N2IQVc0otFn4SwCIQDR
        bwgYbbZv8qgKb35vcMQFcFxasgPPPeAqlaLhWJvtow==
        -----END CERTIFICATE-----
        """
    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgos89Yzgz5s3W9xdf
        9JwVT/S676v32Ig07UvVuh0QixKhRANCAARpS9RlZvQsR3I9x4WRTFGehUfOJ/ft
        y2ReNpnT3lZyxi4sZRkdvzWHwaiWV/abIscs7FQJT7PgAghBmFwYUlQB
        -----END PRIVATE KEY-----
        """
    /// The same key in the form of `openssl ecparam`.
    static let clientKeySEC1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIKLPPWM4M+bN1vcXX/ScFU/0uu+r99iINO1L1bodEIsSoAoGCCqGSM49
        AwEHoUQDQgAEaUvUZWb0LEdyPceFkUxRnoVHzif37ctkXjaZ095WcsYuLGUZHb81
        h8Gollf2myLHLOxUCU+z4AIIQZhcGFJUAQ==
        -----END EC PRIVATE KEY-----
        """
    /// The same with a passphrase, and again in the older form.
    static let clientKeyEncrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhaqb4tb2sj9gICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBmsSZl9FyfGyrTZ6HuTnCoEgZDA
        7J+u0Kod+12mfhuYVj/xWFwszbNXh5BcSgdzBsAMVkoE81qL78DGpNk4RU18Utux
        kfcvomXDwQ4Le03ijcoyp+Lo/1lt4Hx01YLfzJ4zY2r/4KEH0l9AG7fz85jQ027l
        k4xmREaEGB6q014p27zoMWi3+QfQiwK4eHaccltLez+gV4oaU8ihwxIcfmPUvcY=
        -----END ENCRYPTED PRIVATE KEY-----
        """
    static let clientKeyLegacyEncrypted = """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-256-CBC,80C3A51E07C7E3D95379D054D3400040

        /u7yOtt/lpaIET+3xa196drNZkFZOpX7tDk9+Wb62kw4idkLQr3l8+PgA5gxqiS/
        vID/9SYxs25FpNmLUxPCm6JGnvRiReVxq1whD37aPptQgsD8dKeerUmEgRrglGNX
        eT7+iAsbBtzNYgOE9Jog79NI6gbeIRl7oWBTChJUZQ0=
        -----END EC PRIVATE KEY-----
        """
    /// 2,048 bits.
    static let rsa = """
        -----BEGIN CERTIFICATE-----
        MIICUjCCAfegAwIBAgIUBux6WOjVT58XNPLtaRIylzUT0dkwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLY2xpZW50IHJvb3QwIBcNMjYxMTI0MTg0NTQ4WhgPMjEyNjEw
        MzExODQ1NDhaMBUxEzARBgNVBAMMCmNsaWVudCByc2EwggEiMA0GCSqGSIb3DQEB
        AQUAA4IBDwAwggEKAoIBAQCW0iA8Tvch1mKP+puek7dTMSRj2DxnBPhdxWhdAjFe
        rrYOj8Qy+zSkkJpSZuJp4EE8FXsXF0bjhZ7sm30w4e/VbXai9+7j4yzKfJUM4Sjc
        yjT4xTliyI24CV1ZsIyHfVGMQfd03+7UYW1RjaoQVIZBteS5VvANeO8ormLb5Cvf
        EOorj7MluIzxkiPNuqN/Gc9xVoa9pIBRUmXqpo3bdoKwIv+Lgh4BH4vnFIEISWBs
        VmBBwxxwE2h7+o6u3ZcHL79PxpYHjagmJQPNWgNFAf1Z+PT6Lb2oAK3mr+XadP6H
        21jmKL1iZu+EyFAFW1/quLm4OQXTYBcSBf/HVRsvjYRHAgMBAAGjVzBVMBMGA1Ud
        JQQMMAoGCCsGAQUFBwMCMB0GA1UdDgQWBBS+BwVb9uY0vWDC4ZYf5wm4rVAGHzAf
        BgNVHSMEGDAWgBQNOm9Up+YqSUmavHWQjA+4fDUZCzAKBggqhkjOPQQDAgNJADBG
        AiEAs4NzBMUT95n1Qdu7m4F06Cl0lk2af2EEWDXBZlUUmT8CIQDCMzCfNux+sbvl
        5IxOn1NWxX0rfsU/aPs8jv1TN7R9Qg==
        -----END CERTIFICATE-----
        """
    static let rsaKey = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEogIBAAKCAQEAltIgPE73IdZij/qbnpO3UzEkY9g8ZwT4XcVoXQIxXq62Do/E
        Mvs0pJCaUmbiaeBBPBV7FxdG44We7Jt9MOHv1W12ovfu4+MsynyVDOEo3Mo0+MU5
        YsiNuAldWbCMh31RjEH3dN/u1GFtUY2qEFSGQbXkuVbwDXjvKK5i2+Qr3xDqK4+z
        JbiM8ZIjzbqjfxnPcVaGvaSAUVJl6qaN23aCsCL/i4IeAR+L5xSBCElgbFZgQcMc
        cBNoe/qOrt2XBy+/T8aWB42oJiUDzVoDRQH9Wfj0+i29qACt5q/l2nT+h9tY5ii9
        YmbvhMhQBVtf6ri5uDkF02AXEgX/x1UbL42ERwIDAQABAoIBAAm3nyETm2OgOvh4
        1pb4gHrJM0WFlJq0nMX55pf7gK/PhOZaR/Na8RDbSj4d59+XdcyHu8cIlmYpYUxw
        VjgUjo3LQDYO0GL5a5TeQwIx7Z6QHqqalnBxaIQfgla5g8xk/CCTzXxHw00Gu/Lh
        tD/aGk5YiFSSr+PGU25lEfSF9neoN3NPIlYj5B6VRalXhLwkerjg2Fr13URV102H
        hvvvkpR4W0TOVRhD8KVXWApowkBEBAoSNUL9pvlo8PKlPPy/XEh6EXjsLwqTNYdL
        +86pwUPV6S3eaXHP86mz1cMt2L95IX0H/gmweEF19C3Ta8ivsc3B8zesM6Ocog9X
        h+wQA4ECgYEA0zN7LZYVuMiFwLARXbrx82KAESc0oYbIyTOy4Q0HORRvWGNe1pEE
        3qW4OvZVc4QTt3gkF6AEVxL2oMwPvCK2lTBEWTgHcLfaXhtEYzwK0f/KE/OJzrao
        SgsJNac/Ij1ii3o1N340HI88wklioGfUeSAfS/WO/6Ho5+sid5p1iMcCgYEAts/o
        xSSNzjhsjtoM8ItdbqoCjT6Df/UfM850kYa1dofZnyTjWnBQdXX8XjcCKcagT3pV
        6Xzp0IEuOcGRpNBDYtHakzScf9W1AxeTBulA5ZhBTxQQWMjxeerHIEyymzATb3gr
        PE8N3/fOU5NQlz+BXowM72SoTPP+El/3Y8vnqIECgYB46N0Y8PZIjku8T0/x2AeR
        7Y8hws8ntfEW9sjufDXpYKCJ+oGd1vHxwO/imYm8Ex3yiA4plEtHyix1S72qWDks
        2bAXX7MqvaZ+/588LHCJXqXCnEcFl55qnTzNgYzsPjY/YVw8A70zqHEBTV/wMuD5
        4wDnzJHsGTYsJ3nY/Q1SmwKBgFOyirq/yqDQ2nrowCXdWLCS68opBeGuo1N/wYTj
        LO+QsQUYyXKdm2i71Qh5nObthnX855qX0yDgE/7jbcAMjd2PgMgGvWQVvuMkhu8S
        GeFEPRpscDOGBHCyGeri0p8UesF9PiZFd2/EL9W5y5sDu0JDUqTD6/4Xc4qMH2K0
        d2KBAoGAYpnndgmsHp2pfnUgUFj0lrGS0ecRfjobzo45iu9qxEuU/ZnBnvo9t8HZ
        HMKCRErO3G1gWfzi40f+5Vc3DYXpmYqalqtmT1SurzauLH6Er7NLdxxlP1AQ7jh4
        mlJtbTNxZYZNlSShY5rMWj9jjG1tcfj9MRLReyqZVs9AfGKYhBU=
        -----END RSA PRIVATE KEY-----
        """
    /// Of an Ed25519 key.
    static let edwards = """
        -----BEGIN CERTIFICATE-----
        MIIBVjCB/KADAgECAhQG7HpY6NVPnxc08u1pEjKXNRPR2jAKBggqhkjOPQQDAjAW
        MRQwEgYDVQQDDAtjbGllbnQgcm9vdDAgFw0yNjExMjQxODQ1NDhaGA8yMTI2MTAz
        MTE4NDU0OFowFDESMBAGA1UEAwwJY2xpZW50IGVkMCowBQYDK2VwAyEAnoP9dCZ1
        8p5J0y9fzDE+cGmWU5nbpv2l2UCeDl/BlDqjVzBVMBMGA1UdJQQMMAoGCCsGAQUF
        BwMCMB0GA1UdDgQWBBRB32hHSiRDI+ADmsIvVWFC4yqn3zAfBgNVHSMEGDAWgBQN
        Om9Up+YqSUmavHWQjA+4fDUZCzAKBggqhkjOPQQDAgNJADBGAiEAj9sTCsbS8r7Q
        LTathlXO9cSjaiq62DxRbu9ezo4Yz3UCIQDjmrEZ5RKQvqZzZuC62e4ktAjEEyij
        74REY9DSSBLD3g==
        -----END CERTIFICATE-----
        """
    static let edwardsKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEILK71PiOyeDb/V8Avq4ZVbTwTINVdvPTusiPNzS8c1p9
        -----END PRIVATE KEY-----
        """
    /// Signed by `otherRoot`.
    static let stranger = """
        -----BEGIN CERTIFICATE-----
        MIIBgjCCASmgAwIBAgIUOh/2DrVSduJY7IXkXIfd25DkH1AwCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKb3RoZXIgcm9vdDAgFw0yNjExMjQxODQ1NDlaGA8yMTI2MTAz
        MTE4NDU0OVowEzERMA8GA1UEAwwIc3RyYW5nZXIwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQiVYb956V1RcqETqBPrSiiYhoHI/SeLzILCdaHsKCgc1xifIWQKXnb
        6CSqkIdwl/cmNmi1B13YglS8GvsRYr4vo1cwVTATBgNVHSUEDDAKBggrBgEFBQcD
        AjAdBgNVHQ4EFgQUhrf3GUBvCzdJpCrjwEr/tJcDwvUwHwYDVR0jBBgwFoAUMEK6
        w3WXWce+Z28zPebwHc7FmwIwCgYIKoZIzj0EAwIDRwAwRAIgAd0QHCQ8rwwKfdNy
        puC41QZfg+so2Nrqu42FrZ/LCKUCIAufKRXPhHYMdQVy6fzSCGvjhZU9G9Shxv7E
        8C5hjXLk
        -----END CERTIFICATE-----
        """
    static let strangerKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAPlA6b9HbYmXIeIK
        yS43rlSk/kjqgsjYTG/CBVa/Gc6hRANCAAQiVYb956V1RcqETqBPrSiiYhoHI/Se
        LzILCdaHsKCgc1xifIWQKXnb6CSqkIdwl/cmNmi1B13YglS8GvsRYr4v
        -----END PRIVATE KEY-----
        """
}
