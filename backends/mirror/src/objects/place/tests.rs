use super::*;

fn place(text: &str) -> Result<BucketUrl, String> {
    let url: Url = text.parse().unwrap();
    BucketUrl::parse(BucketProvider::of(url.scheme().parse().unwrap()).unwrap(), &url)
}

fn options(endpoint: Option<&str>, variables: &[(&str, &str)]) -> ObjectOptions {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned().into());
    ObjectOptions {
        endpoint: endpoint.map(|url| url.parse().unwrap()),
        variables: variables.iter().map(pair).collect(),
        ..ObjectOptions::default()
    }
}

fn asked_at(location: &str, options: &ObjectOptions) -> Result<String, String> {
    place(location).unwrap().endpoint(options).map(|endpoint| endpoint.text().to_owned())
}

#[test]
fn a_place_is_a_bucket_and_a_prefix() {
    for (text, bucket, prefix) in [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("gs://b.c_d/a/b/", "b.c_d", "a/b"),
        ("az://c-1/with%20space", "c-1", "with space"),
    ] {
        let place = place(text).unwrap();
        assert_eq!((place.bucket.as_str(), place.prefix.as_str()), (bucket, prefix), "{text}");
    }
    let there = place("s3://bucket/p").unwrap();
    assert_eq!((there.key("a/b").as_str(), there.key("").as_str()), ("p/a/b", "p"));
    assert_eq!(there.to_string(), "s3://bucket/p");
    for bad in
        ["s3://b", "s3://user@bucket", "s3://bucket:1/", "s3://bucket/?x", "s3://bucket/a//b"]
    {
        assert!(place(bad).is_err(), "{bad}");
    }
}

#[test]
fn buckets_are_asked_where_their_providers_say() {
    let none = options(None, &[]);
    let aws = options(None, &[("AWS_DEFAULT_REGION", "eu-west-1")]);
    let china = options(None, &[("AWS_REGION", "cn-north-1"), ("AWS_DEFAULT_REGION", "x")]);
    let account = options(None, &[("AZURE_STORAGE_ACCOUNT", "corp")]);
    for (location, options, expected) in [
        ("s3://bucket", &none, "https://bucket.s3.us-east-1.amazonaws.com"),
        ("s3://bucket", &aws, "https://bucket.s3.eu-west-1.amazonaws.com"),
        ("s3://bucket", &china, "https://bucket.s3.cn-north-1.amazonaws.com.cn"),
        ("s3://a.bucket", &aws, "https://s3.eu-west-1.amazonaws.com"),
        ("gs://bucket", &none, "https://storage.googleapis.com"),
        ("az://container", &account, "https://corp.blob.core.windows.net"),
    ] {
        assert_eq!(asked_at(location, options).as_deref(), Ok(expected), "{location}");
    }
    let path = ObjectOptions { path_style: true, ..aws };
    assert_eq!(asked_at("s3://bucket", &path).unwrap(), "https://s3.eu-west-1.amazonaws.com");
    assert!(asked_at("az://container", &none).unwrap_err().contains("AZURE_STORAGE_ACCOUNT_NAME"));
}

#[test]
fn endpoints_of_the_source_come_before_those_of_the_environment() {
    let both =
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:1/"), ("AWS_ENDPOINT_URL_S3", "https://h:2")];
    for (endpoint, variables, expected) in [
        (None, &both[..], "https://bucket.h:2"),
        (None, &both[..1], "http://127.0.0.1:1"),
        (Some("https://minio.example"), &both[..], "https://bucket.minio.example"),
        (Some("http://localhost:9000/"), &both[..], "http://localhost:9000"),
        (Some("http://[::1]:9"), &both[..], "http://[::1]:9"),
    ] {
        let options = options(endpoint, variables);
        assert_eq!(asked_at("s3://bucket", &options).as_deref(), Ok(expected), "{endpoint:?}");
    }
    for bad in ["minio.example:9000", "ftp://h", "https://u:s3cret@h", "https://h/?x=1", "nonsense"]
    {
        let error = asked_at("s3://bucket", &options(None, &[("AWS_ENDPOINT_URL", bad)]));
        let error = error.unwrap_err();
        assert!(error.contains("AWS_ENDPOINT_URL") && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn an_account_stands_in_the_path_or_host_of_an_endpoint() {
    let account = |endpoint: &str, variables: &[(&str, &str)]| {
        place("az://container").unwrap().account(&options(Some(endpoint), variables))
    };
    let name = [("AZURE_STORAGE_ACCOUNT_NAME", "named")];
    assert_eq!(account("http://127.0.0.1:10000/dev", &[]).as_deref(), Some("dev"));
    assert_eq!(account("https://corp.blob.core.windows.net", &[]).as_deref(), Some("corp"));
    assert_eq!(account("http://127.0.0.1:10000/dev", &name).as_deref(), Some("named"));
    assert_eq!(account("http://127.0.0.1:10000", &[]), None);
}
