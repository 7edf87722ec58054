use super::*;

fn bucket(text: &str) -> BucketUrl {
    let url: Url = text.parse().unwrap();
    BucketUrl::parse(BucketProvider::of(url.scheme().parse().unwrap()).unwrap(), &url).unwrap()
}

fn options(endpoint: Option<&str>, variables: &[(&str, &str)]) -> ObjectOptions {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned().into());
    ObjectOptions {
        endpoint: endpoint.map(|url| url.parse().unwrap()),
        variables: variables.iter().map(pair).collect(),
        ..ObjectOptions::default()
    }
}

fn endpoint(location: &str, options: &ObjectOptions) -> Result<String, String> {
    BucketEndpoint::of(&bucket(location), options).map(|endpoint| endpoint.text().to_owned())
}

#[test]
fn each_provider_has_a_default_endpoint() {
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
        assert_eq!(endpoint(location, options).as_deref(), Ok(expected), "{location}");
    }
    let path = ObjectOptions { path_style: true, ..aws };
    assert_eq!(endpoint("s3://bucket", &path).unwrap(), "https://s3.eu-west-1.amazonaws.com");
    assert!(endpoint("az://container", &none).unwrap_err().contains("AZURE_STORAGE_ACCOUNT_NAME"));
}

#[test]
fn the_endpoint_of_the_source_precedes_those_of_the_environment() {
    let both =
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:1/"), ("AWS_ENDPOINT_URL_S3", "https://h:2")];
    for (configured, variables, expected) in [
        (None, &both[..], "https://bucket.h:2"),
        (None, &both[..1], "http://127.0.0.1:1"),
        (Some("https://minio.example"), &both[..], "https://bucket.minio.example"),
        (Some("http://localhost:9000/"), &both[..], "http://localhost:9000"),
        (Some("http://[::1]:9"), &both[..], "http://[::1]:9"),
    ] {
        let options = options(configured, variables);
        assert_eq!(endpoint("s3://bucket", &options).as_deref(), Ok(expected), "{configured:?}");
    }
}

#[test]
fn an_invalid_endpoint_is_reported_without_secrets() {
    for bad in ["minio.example:9000", "ftp://h", "https://u:s3cret@h", "https://h/?x=1", "nonsense"]
    {
        let error = endpoint("s3://bucket", &options(None, &[("AWS_ENDPOINT_URL", bad)]));
        let error = error.unwrap_err();
        assert!(error.contains("AWS_ENDPOINT_URL") && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn the_azure_account_is_in_the_path_or_host_of_the_endpoint() {
    let account = |endpoint: &str, variables: &[(&str, &str)]| {
        azure_account(&options(Some(endpoint), variables))
    };
    let name = [("AZURE_STORAGE_ACCOUNT_NAME", "named")];
    assert_eq!(account("http://127.0.0.1:10000/dev", &[]).as_deref(), Some("dev"));
    assert_eq!(account("https://corp.blob.core.windows.net", &[]).as_deref(), Some("corp"));
    assert_eq!(account("http://127.0.0.1:10000/dev", &name).as_deref(), Some("named"));
    assert_eq!(account("http://127.0.0.1:10000", &[]), None);
}
